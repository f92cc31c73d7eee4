/**
 * Ends this process although one of its threads is blocked in a native call. process.exit() would
 * wait for that thread, so its exit code can't be had: supervisors see SIGKILL (status 137), and
 * restart as they would after any other failure.
 */
export function endProcess(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is handled before kill() returns; this line is for the types.
  throw new Error('still here after SIGKILL');
}
