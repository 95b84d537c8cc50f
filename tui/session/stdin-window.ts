/** Credit for stdin: `take` waits until the server has granted some. */
export class StdinWindow {
  #credit = 0;
  #waiting: (() => void) | undefined;

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#waiting?.();
  }

  /** Takes up to `most` bytes of credit, at least one. One caller at a time. */
  async take(most: number): Promise<number> {
    while (this.#credit === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      this.#waiting = undefined;
    }
    const taken = Math.min(most, this.#credit);
    this.#credit -= taken;
    return taken;
  }
}
