import { request } from 'node:http';
import { type Api } from './api.js';
import { closedInTheEnd } from './still-open.js';

interface Heard {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Somebody who reads server-sent events. */
export interface Watcher {
  readonly events: readonly Heard[];
  /** Resolves with the first byte; rejects when the stream is refused. */
  readonly opened: Promise<void>;
  /** Resolves when the service has ended the stream, or this side has closed it. */
  readonly ended: Promise<void>;
  readonly close: () => void;
}

/** Reads server-sent events into a list until it is closed. */
export function watch(api: Api, key: string): Watcher {
  const events: Heard[] = [];
  const call = request(`${api.url}/v1/events`, { headers: { authorization: `Bearer ${key}` } });
  const ended = new Promise<void>((resolve) => call.once('close', resolve));
  const opened = new Promise<void>((resolve, reject) => {
    call.on('error', reject);
    call.on('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`events are refused with ${response.statusCode}`));
      let text = '';
      // The service was killed: the end of the stream is all there is to know.
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        resolve();
        text += chunk.toString();
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) events.push(...eventIn(block));
      });
    });
  });
  call.end();
  const close = closedInTheEnd(() => call.destroy());
  return { events, opened, ended, close };
}

function eventIn(block: string): readonly Heard[] {
  const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
  return name === undefined || data === undefined ? [] : [{ name, data: JSON.parse(data) as Heard['data'] }];
}
