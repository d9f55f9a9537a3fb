import { type LoggerService } from '@nestjs/common';
import { RevocationError } from '@revocast/core';
import { type AdapterLog } from '@revocast/jetstream';
import { type Logger, pino } from 'pino';

type Fields = Readonly<Record<string, unknown>>;

/**
 * One JSON object per line. `event` is stable and made for searching. Never log a token, a reason or the fields of a
 * key: ids lead to all of them, for whoever may read the journal.
 */
export class ServiceLog {
  constructor(private readonly logger: Logger) {}

  info(event: string, fields: Fields = {}): void {
    this.logger.info({ event, ...plain(fields) });
  }

  warn(event: string, fields: Fields = {}): void {
    this.logger.warn({ event, ...plain(fields) });
  }

  error(event: string, fields: Fields = {}): void {
    this.logger.error({ event, ...plain(fields) });
  }

  /** For one connection to the broker. */
  forAdapter(part: 'publisher' | 'feed'): AdapterLog {
    return ({ level, event, about, because }) => this[level](event, { part, about, because });
  }

  /** The framework's own messages; what it says of errors may quote input, so only their kind is kept. */
  forNest(): LoggerService {
    return {
      log: () => undefined,
      warn: (message: unknown) =>
        this.warn('framework', { because: typeof message === 'string' ? message : 'unknown' }),
      error: (error: unknown) => this.error('framework', { error }),
    };
  }
}

export const createServiceLog = (level: string): ServiceLog =>
  new ServiceLog(
    pino({
      level,
      base: { app: 'revocation-service' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    }),
  );

/** An error of ours has a safe message; of any other only the name is written, since its message may quote input. */
function plain(fields: Fields): Fields {
  const { error, ...rest } = fields;
  return error === undefined ? rest : { ...rest, ...describeError(error) };
}

function describeError(error: unknown): Fields {
  if (error instanceof RevocationError) return { code: error.code, because: error.message };
  if (!(error instanceof Error)) return { because: 'unknown' };
  // The stack's first line repeats the message.
  const frames = error.stack
    ?.split('\n')
    .slice(1, 6)
    .map((line) => line.trim());
  return { because: error.name, frames };
}
