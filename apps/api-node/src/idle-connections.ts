import { type Server } from 'node:http';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const LOOK_MS = 100;

/**
 * Closes connections as they become idle while the server shuts down. It does so itself only once, at the beginning: a
 * stream or a request that ends later would leave a connection that its client may keep for ever.
 */
@Injectable()
export class IdleConnections implements BeforeApplicationShutdown, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    this.#timer = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }
}
