/** Of each Postgres server in a chaos run. */
export const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  // Servers are killed here, not the machine, and what is written survives that.
  fsync: 'off',
  wal_level: 'replica',
  max_wal_size: '512MB',
  // A new replica takes a base backup first, and then needs the WAL since its begin.
  wal_keep_size: '512MB',
  wal_retrieve_retry_interval: '200ms',
  hot_standby: 'on',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] %e %q%a ',
  // Keeps row values out of the log, as docs/security.md says for production.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};
