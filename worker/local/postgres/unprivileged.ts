import { spawnSync } from 'node:child_process';

/** Numbers that no user has to exist for; they are those of 'nobody' where it does. */
export const NOBODY = 65534;

/**
 * The same command, for root: run as nobody, since Postgres refuses to run as root. It keeps one
 * right of root's, to reach files in folders that only their owner may enter, as clones often are.
 * No user has to be created for it. Where that is impossible the command comes back as it was.
 */
export function unprivileged(command: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return command;
  const asNobody = ['setpriv', ...AS_NOBODY, ...command];
  return works(['setpriv', ...AS_NOBODY, 'true']) ? asNobody : command;
}

const AS_NOBODY = [
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
  // Without it the change of user would drop the right again.
  '--securebits=+no_setuid_fixup',
];

/** The same command, ended by the system when its parent process ends (Linux; else unchanged). */
export function endsWithParent(command: readonly string[]): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig=TERM'];
  return works([...prefix, 'true']) ? [...prefix, ...command] : command;
}

function works([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
