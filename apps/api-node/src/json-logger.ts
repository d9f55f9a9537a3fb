import { ConsoleLogger } from '@nestjs/common';

/** One JSON line per event, all on stdout: what collects logs reads one stream in order. */
export class JsonLogger extends ConsoleLogger {
  constructor() {
    super({ json: true, colors: false });
  }

  protected override printAsJson(...[message, options]: Parameters<ConsoleLogger['printAsJson']>): void {
    super.printAsJson(message, { ...options, writeStreamType: 'stdout' });
  }
}
