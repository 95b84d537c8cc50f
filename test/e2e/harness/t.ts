import { Api } from './api.ts';
import { Daemon } from './daemon.ts';
import { template } from './template.ts';

const d = await Daemon.start(await template('tiny', 'debian/12'));
try {
  await d.ok('launch', 'tiny', 'a');
  const api = new Api(d);
  await api.run({ instance: 'a', command: ['true'] });
  for (let k = 0; k < 3; k++) {
    const t: number[] = [];
    for (let i = 0; i < 200; i++) {
      const s = performance.now();
      await api.run({ instance: 'a', command: ['true'] });
      t.push(performance.now() - s);
    }
    t.sort((a, b) => a - b);
    console.log('median', t[100]?.toFixed(2), 'p10', t[20]?.toFixed(2), 'p90', t[180]?.toFixed(2));
  }
  api[Symbol.dispose]();
} finally {
  await d[Symbol.asyncDispose]();
}
