import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What lies between the two ends right now. */
interface Weather {
  open: boolean;
  hole: boolean;
  delayMs: number;
  bytesPerSecond: number;
}

const CALM: Readonly<Weather> = { open: true, hole: false, delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };

/**
 * Stands between clients and a server, so that a test can spoil the line of one client while the server lives on. What a delay or
 * a slow line spoils is the way from the server to the client: that is where a feed comes from.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #weather: Weather = { ...CALM };

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      if (this.#weather.open) this.#join(near, connect(targetPort, '127.0.0.1'));
      else near.destroy();
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Ends every connection and takes no new one: both ends notice. */
  cut(): void {
    this.#weather.open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Half-open: nothing gets through any more, connections stay up, new ones are taken and lead nowhere. Neither end is told. */
  swallow(): void {
    this.#weather.hole = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What the server sends arrives so much later, in order. */
  delay(ms: number): void {
    this.#weather.delayMs = ms;
  }

  /** The client takes what the server sends no faster than this; the rest waits in the buffers of both systems, then at the server. */
  throttle(bytesPerSecond: number): void {
    this.#weather.bytesPerSecond = bytesPerSecond;
  }

  /** From now on a good line. Connections that led nowhere end: what was on its way in them is gone. */
  heal(): void {
    if (this.#weather.hole) for (const socket of this.#sockets) socket.destroy();
    Object.assign(this.#weather, CALM);
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket): void {
    this.#carry(near, far, { ...CALM });
    this.#carry(far, near, this.#weather);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      if (this.#weather.hole) socket.pause();
      // A cut is what the proxy is for: its errors say nothing new.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #carry(from: Socket, to: Socket, weather: Weather): void {
    // One after the other, so that a line which gets faster does not let later bytes overtake.
    let before = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const dueAt = performance.now() + weather.delayMs;
      const isSlow = weather.bytesPerSecond !== Number.POSITIVE_INFINITY;
      if (isSlow) from.pause();
      before = before.then(async () => {
        const waitMs = dueAt - performance.now() + (chunk.length / weather.bytesPerSecond) * 1_000;
        if (waitMs > 0) await pause(waitMs);
        if (!to.destroyed) to.write(chunk);
        if (isSlow && !this.#weather.hole) from.resume();
      });
    });
    from.on('end', () => void before.then(() => to.end()));
  }
}
