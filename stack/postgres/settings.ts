/** Settings of the server, given on its command line, so that they hold for clusters of any version of the stack. */

/**
 * @param durable false is faster and may lose data in a crash of the machine; for test clusters.
 * @returns arguments for `postgres`.
 */
export function serverArguments(port: number, durable: boolean): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    // TCP only: a socket's path may be too long, and a folder for it may be out of the server's reach.
    unix_socket_directories: '',
    wal_level: 'logical',
    max_connections: 200,
    max_replication_slots: 50,
    max_wal_senders: 50,
    // Realtime's slots end with their connection. The limit keeps a leftover slot from filling the disk.
    max_slot_wal_keep_size: '1GB',
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The launcher reads the log.
    lc_messages: 'C',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '[%p] %q%u@%d ',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: -1,
    log_replication_commands: 'off',
  }
  if (!durable) {
    // Commits still hand the log to the operating system, so that killing the server loses no data.
    Object.assign(settings, { fsync: 'off', full_page_writes: 'off', max_wal_size: '256MB' })
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
