/** The command line itself is wrong: the command's help is shown, then `Error: <message>`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
