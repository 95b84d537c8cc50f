const ctrlA = 0x01;
const detachKey = 'q'.charCodeAt(0);

/** Finds `ctrl+a q` among typed bytes, also when they come one by one; `ctrl+a ctrl+a` stands for one ctrl+a. */
export class DetachKeys {
  #afterCtrlA = false;

  /** The bytes to pass on, and whether the user wants to leave; what follows the keys is dropped. */
  scan(typed: Uint8Array): { readonly pass: Buffer; readonly detach: boolean } {
    const pass: number[] = [];
    for (const byte of typed) {
      if (this.#afterCtrlA) {
        this.#afterCtrlA = false;
        if (byte === detachKey) return { pass: Buffer.from(pass), detach: true };
        pass.push(ctrlA);
        if (byte !== ctrlA) pass.push(byte);
      } else if (byte === ctrlA) this.#afterCtrlA = true;
      else pass.push(byte);
    }
    return { pass: Buffer.from(pass), detach: false };
  }
}
