/** The bounds of the supervisor: each wait in this folder has one. Units stand last. */
export const embeddedLimits = {
  /** initdb takes about a second; on a cold disk or an emulated processor it takes far longer. */
  initdbMsMax: 120_000,
  /** A start after a crash replays up to max_wal_size of log before it takes connections. */
  startMsMax: 120_000,
  /** How long an obstacle that passes by itself (an unreaped postmaster) may last. */
  obstacleMsMax: 15_000,
  /** A fast stop writes one checkpoint of at most shared_buffers. */
  stopMsMax: 60_000,
  /**
   * More than initdb and start together, so that a waiter outlasts a holder that works normally.
   */
  lockWaitMsMax: 300_000,
  /**
   * A lock holder that this process cannot look up (in another container) has lost the lock when it
   * has not touched its file for so long.
   */
  lockSilenceMsMax: 20_000,
  lockBeatMs: 2_000,
  pollMs: 40,
  /**
   * How long a close waits for the start lock and for the stop; after that the server is left
   * running.
   */
  closeLockMsMax: 10_000,
  closeStopMsMax: 10_000,
  /**
   * How long a server goes on after its last user was killed; a supervisor restarts a process
   * sooner.
   */
  unusedMsMax: 60_000,
  /** How often a server checks whether it is used. */
  unusedLookMs: 5_000,
  /** One trial connection, and each query on it. */
  connectMsMax: 5_000,
  goodbyeMsMax: 500,
  /** The database is copied from the template, for which a slow disk needs this long. */
  createDatabaseMsMax: 60_000,
  /** sun_path holds 108 bytes on Linux and 104 on macOS, with the closing NUL. */
  socketPathBytesMax: 103,
  /** The length of the quotation from a server's log in an error. */
  reasonCharsMax: 1_500,
} as const;
