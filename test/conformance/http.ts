import { request, type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { type HttpAnswer } from './world.js';

export interface Ask {
  readonly port: number;
  readonly path: string;
  /** Names and values in turn, sent as they are: repeated ones too. */
  readonly headers: readonly string[];
}

const begin = ({ port, path, headers }: Ask, more: readonly string[] = []) =>
  request({ port, path, host: '127.0.0.1', agent: false, headers: ['Host', 'x', ...headers, ...more] });

export function ask(what: Ask): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = begin(what);
    sent.on('error', reject).on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('error', reject).on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.end();
  });
}

/** Something that stays open until the server ends it. */
export interface Opened {
  readonly status: number;
  ended(): boolean;
  close(): void;
}

/** Asks for a stream. */
export function openStream(what: Ask): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const sent = begin(what);
    sent.on('error', reject).on('response', (response: IncomingMessage) => {
      const opened = openedOf(response, response.statusCode ?? 0);
      response.resume();
      resolve(opened);
    });
    sent.end();
  });
}

/** Asks for another protocol; a server that refuses answers as to any request. */
export function openSocket(what: Ask): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const sent = begin(what, ['Connection', 'Upgrade', 'Upgrade', 'echo']);
    sent.on('error', reject);
    sent.on('upgrade', (_response, socket: Socket) => resolve(openedOf(socket.resume(), 101)));
    sent.on('response', (response) => resolve(openedOf(response.resume(), response.statusCode ?? 0)));
    sent.end();
  });
}

function openedOf(stream: IncomingMessage | Socket, status: number): Opened {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  stream.on('end', end).on('close', end).on('error', end);
  return { status, ended: () => ended, close: () => void stream.destroy() };
}
