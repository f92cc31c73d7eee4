import { subscribe } from 'node:diagnostics_channel';
import Module, { syncBuiltinESMExports } from 'node:module';
import { gate } from './port';

/**
 * Notices what a thread does that may go on after its end, so that its process is not used for another
 * attempt: it starts a process; it starts a thread, which could do so unseen; it loads a native module,
 * which can do anything; it adds hooks to Node's loader, which in some versions are those of all threads.
 */
export function noticeWhatOutlives(): void {
  const notice = () => Atomics.store(gate, 1, 1);
  subscribe('child_process', notice);
  process.on('worker', notice);
  const { dlopen } = process;
  process.dlopen = (...given: Parameters<typeof dlopen>) => {
    notice();
    return dlopen.apply(process, given);
  };
  const { register } = Module;
  Module.register = ((...given: Parameters<typeof register>) => {
    notice();
    return register(...given);
  }) as typeof register;
  syncBuiltinESMExports();
}
