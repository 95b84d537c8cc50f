/** The command line itself is wrong: `Error: <message>` is shown, and where the right usage is told. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
