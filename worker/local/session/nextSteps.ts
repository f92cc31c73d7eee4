import { WORKFLOW_ID } from '../../../settings/settings';
import type { LocalParts } from '../localParts';

/** Where everything is and what to type next. */
export function nextSteps(parts: LocalParts, workerLog: string): string {
  return `
Postgres  ${parts.embedded.postgres ? withoutPassword(parts.databaseUrl) : 'as DATABASE_URL says'}
Temporal  ${parts.temporalAddress}
Web UI    ${parts.webUi ? `${parts.webUi}/namespaces/${parts.embedded.namespace}/workflows/${WORKFLOW_ID}` : "your Temporal's own"}
Worker    ${workerLog}

Type in another terminal:
  npx lrm status            what is registered and how far it is
  npx lrm new <description> a migration of your own
  npx lrm --help            everything else
Ctrl-C stops everything; the next npm start goes on from there.
`;
}

/** The password is in .lrm/password, which only its owner can read. */
function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  return url.href;
}
