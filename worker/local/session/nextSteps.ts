import { packageManager, startCommand } from '../../../settings/packageManager';
import { WORKFLOW_ID } from '../../../settings/settings';
import type { OpenDevServers } from '../openDevServers';

/** Where everything is and what to type next. */
export function nextSteps(servers: OpenDevServers, workerLog: string): string {
  const lrm = `${packageManager().exec} lrm`;
  return `
Postgres  ${servers.embedded.postgres ? withoutPassword(servers.databaseUrl) : 'as DATABASE_URL says'}
Temporal  ${servers.temporalAddress}
Web UI    ${servers.webUi ? `${servers.webUi}/namespaces/${servers.embedded.namespace}/workflows/${WORKFLOW_ID}` : "your Temporal's own"}
Worker    ${workerLog}

Type in another terminal:
  ${lrm} status            what is registered and how far it is
  ${lrm} new <description> a migration of your own
  ${lrm} --help            everything else
Ctrl-C stops everything; the next ${startCommand()} goes on from there.
`;
}

/** The password is in .lrm/password, which only its owner can read. */
function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  return url.href;
}
