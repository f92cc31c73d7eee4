import { spawnSync } from 'node:child_process';

/** User and group ID of 'nobody'. No such user has to exist. */
export const NOBODY = 65534;

/**
 * Changes a command so that root runs it as nobody, since Postgres refuses to run as root. It keeps
 * one of root's rights: to reach files in folders that only their owner may enter, as clones often
 * are. No user has to be created. Returns the command unchanged where this is impossible.
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
  // Without it, the kernel would drop the right when the user changes.
  '--securebits=+no_setuid_fixup',
];

/** Changes a command so that the system ends it when its parent ends. Only on Linux. */
export function endsWithParent(command: readonly string[]): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig=TERM'];
  return works([...prefix, 'true']) ? [...prefix, ...command] : command;
}

function works([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
