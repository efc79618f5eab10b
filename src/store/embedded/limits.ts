/** Every bound of the supervisor; nothing in this folder waits without one. Units stand last. */
export const embeddedLimits = {
  /** initdb takes about a second; a cold disk or an emulated processor takes far longer. */
  initdbMsMax: 120_000,
  /** A start after a crash replays up to max_wal_size of log before it takes connections. */
  startMsMax: 120_000,
  /** How long an obstacle that passes by itself (an unreaped postmaster) may last. */
  obstacleMsMax: 15_000,
  /** A fast stop writes one checkpoint of at most shared_buffers. */
  stopMsMax: 60_000,
  /** More than initdb and start together: a waiter outlasts every honest holder. */
  lockWaitMsMax: 300_000,
  /** A holder that this process cannot look up (other container) beats, or has lost the lock. */
  lockSilenceMsMax: 20_000,
  lockBeatMs: 2_000,
  pollMs: 40,
  /** What a close waits for, at the start lock and for the stop: then the server is left to itself. */
  closeLockMsMax: 10_000,
  closeStopMsMax: 10_000,
  /** How long a server goes on after its last user was killed; a supervisor restarts one sooner. */
  unusedMsMax: 60_000,
  /** How often a server looks whether it is used. */
  unusedLookMs: 5_000,
  /** One trial connection, and each question over it. */
  connectMsMax: 5_000,
  goodbyeMsMax: 500,
  /** It copies the template, which a slow disk has to take. */
  createDatabaseMsMax: 60_000,
  /** sun_path holds 108 bytes on Linux and 104 on macOS, with the closing NUL. */
  socketPathBytesMax: 103,
  /** What an error quotes of a server's log. */
  reasonCharsMax: 1_500,
} as const;
