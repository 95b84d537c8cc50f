/** What somebody may do with something; each includes those before it. */
export const roles = ['viewer', 'user', 'operator', 'admin'] as const;

export type Role = (typeof roles)[number];

export function isRole(word: string): word is Role {
  return (roles as readonly string[]).includes(word);
}

/** Whether somebody with `role` may do what needs `needed`. Undefined: nothing at all. */
export function covers(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && roles.indexOf(role) >= roles.indexOf(needed);
}

/** What somebody has who was given all of these. */
export function highest(...given: readonly (Role | undefined)[]): Role | undefined {
  return roles[Math.max(...given.map((role) => (role === undefined ? -1 : roles.indexOf(role))))];
}

/** What somebody has to all of several things. */
export function lowest(held: readonly (Role | undefined)[]): Role | undefined {
  return roles[Math.min(...held.map((role) => (role === undefined ? -1 : roles.indexOf(role))))];
}
