/** The version of this program. */
export async function programVersion(): Promise<string> {
  const { default: project } = await import('../package.json', { with: { type: 'json' } });
  return project.version;
}
