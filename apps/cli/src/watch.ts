import { type Command } from './command.js';
import { EXIT, Failure } from './failure.js';
import { refusal } from './service.js';
import { isJson, type Json, member, plain } from './text.js';

/** A line of the stream is one event: whatever is longer than this is none of ours. Characters. */
const EVENT_LENGTH_MAX = 4 * 1024 * 1024;

export interface ServiceEvent {
  readonly event: string;
  readonly data: Json;
}

/** Server-sent events as this service writes them: one `event:` and one `data:` line, comments in between. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServiceEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > EVENT_LENGTH_MAX) throw new Failure(EXIT.failed, 'The service sent an event without an end.');
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ServiceEvent | undefined {
  const fields = Object.fromEntries(
    block.split('\n').flatMap((line) => {
      const [, name, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  ) as { event?: string; data?: string };
  if (fields.event === undefined || fields.data === undefined) return undefined;
  try {
    const data: unknown = JSON.parse(fields.data);
    return isJson(data) ? { event: fields.event, data } : undefined;
  } catch {
    return undefined;
  }
}

const SHOWN: Readonly<Record<string, readonly string[]>> = {
  revocation: ['id', 'issuer', 'scope', 'sub', 'deviceId', 'sid', 'jti', 'clientId', 'kid', 'effect', 'sequence'],
  lift: ['id', 'issuer', 'scope', 'sequence'],
  propagation: ['state', 'applied', 'nodes', 'slowestMs', 'issuer', 'scope', 'sequence'],
  node: ['service', 'node', 'state', 'followerState', 'mode'],
};

export function eventText({ event, data }: ServiceEvent): string {
  const names = (Object.hasOwn(SHOWN, event) ? SHOWN[event] : undefined) ?? [];
  const members = names.flatMap((name) => (data[name] === undefined ? [] : [`${name}=${plain(member(data, name))}`]));
  return `${plain(event)} ${members.join(' ')}\n`;
}

export const watch: Command = {
  summary: 'events as they happen, one a line, until Ctrl-C',
  help: '',
  options: {},
  run: async ({ world, json, service }) => {
    const response = await service().open({ path: '/v1/events', endless: true });
    if (!response.ok || response.body === null) {
      const body: unknown = await response.json().catch(() => undefined);
      throw refusal(response.status, isJson(body) ? body : undefined);
    }
    // Whoever starts this in order to see what a command does needs to know from when on nothing is missed.
    world.err('watching\n');
    try {
      for await (const event of readEvents(response.body))
        world.out(json ? `${JSON.stringify({ event: event.event, ...event.data })}\n` : eventText(event));
    } catch (error) {
      if (error instanceof Failure) throw error;
    }
    if (world.signal.aborted) return EXIT.interrupted;
    throw new Failure(EXIT.unreachable, 'The service ended the stream: list what you missed, then watch again.');
  },
};
