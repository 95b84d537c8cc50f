import { defaultProject } from '../projects/project.ts';

/** The project of a request; empty means the default one. That it exists, the router has checked. */
export function projectOf(request: { readonly project: string }): string {
  return request.project === '' ? defaultProject : request.project;
}

/** What the lists of several kinds of objects ask for. */
export interface ListRequest {
  readonly project: string;
  readonly allProjects: boolean;
}
