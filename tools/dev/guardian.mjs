// Ends the processes it is told of when its own parent is gone, however the parent went: a SIGKILLed
// start command must leave no server behind. Told by lines on stdin: `+PID` to watch, `-PID` to forget.
import { createInterface } from 'node:readline';

const watched = new Set();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) watched.add(pid);
  else watched.delete(pid);
});
lines.on('close', () => {
  for (const pid of watched) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Already gone.
    }
  }
  process.exit(0);
});
// Ctrl-C reaches the whole foreground group: only the closing of stdin may end the guardian.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
