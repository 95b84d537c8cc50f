const timeoutMs = 20_000;
const intervalMs = 5;

/** Resolves when `holds` does; fails when it does not for 20 seconds. */
export async function eventually(holds: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
