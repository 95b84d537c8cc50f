/** How long a condition may take to come true: generous, since nothing waits longer than it must. */
const defaultTimeoutMs = 30_000;
const intervalMs = 20;

/** Runs `check` until it does not throw, and returns what it returned; throws its last error when time is up. */
export async function eventually<Result>(
  check: () => Promise<Result> | Result,
  timeoutMs = defaultTimeoutMs,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }
}
