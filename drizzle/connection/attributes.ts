import { type Host, hostText } from '../../settings/postgresUrl/hosts';
import type { Target } from '../../settings/postgresUrl/target';
import { NotConnected } from './notConnected';

/** What a new session is asked, as columns of its first statement. */
export const ASK_ATTRIBUTES = `pg_catalog.pg_is_in_recovery() as in_recovery,
  pg_catalog.current_setting('transaction_read_only') as read_only`;

/** Its answer. */
export interface SessionState {
  readonly in_recovery: boolean;
  readonly read_only: string;
}

/** @throws NotConnected when a session is not what target_session_attrs asks for */
export function requireAttributes(
  { in_recovery: inRecovery, read_only }: SessionState,
  wanted: Target['attributes'],
  host: Host,
  setting: string,
): void {
  const readOnly = inRecovery || read_only === 'on';
  const fits: Readonly<Record<Target['attributes'], boolean>> = {
    any: true,
    'read-write': !readOnly,
    'read-only': readOnly,
    primary: !inRecovery,
    standby: inRecovery,
    'prefer-standby': true,
  };
  if (fits[wanted]) return;
  const is = inRecovery ? 'a standby' : readOnly ? 'read-only' : 'a primary';
  throw new NotConnected(
    `Postgres at ${hostText(host)} is ${is}, and target_session_attrs is ${wanted} (${setting})`,
    'OTHER_SESSION_ATTRS',
  );
}
