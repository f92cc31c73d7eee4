import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The ports on this side of all TCP connections (IPv4) of a process. */
export function localPorts(pid: number): number[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((file) => target(`/proc/${pid}/fd/${file}`)),
  );
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    return own.has(`socket:[${fields[9]}]`) ? [port] : [];
  });
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // It has just been closed.
  }
}
