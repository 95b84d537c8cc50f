import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseLibraries } from './agent-bundle.ts';
import { elfInterpreter } from './elf-interpreter.ts';

describe('the files of an agent', () => {
  it('are the libraries that the loader lists', () => {
    const list = [
      '\tlinux-vdso.so.1 (0x00007f8d2f3f5000)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f8d2f2f4000)',
      '\tlibc.so.6 => /usr/lib/with space/libc.so.6 (0x00007f8d2ee1e000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f8d2f3f7000)',
      '',
    ];
    assert.deepEqual(
      [...parseLibraries(list.join('\n'))],
      [
        ['libm.so.6', '/lib/x86_64-linux-gnu/libm.so.6'],
        ['libc.so.6', '/usr/lib/with space/libc.so.6'],
      ],
    );
    assert.throws(() => parseLibraries('\tlibgone.so.1 => not found\n'), { code: 'unsupported', message: /libgone/ });
  });

  it('begin with the loader that Node asks for', () => {
    const loader = elfInterpreter(readFileSync(process.execPath).subarray(0, 65_536));
    assert.match(loader ?? '', /^\/lib.*\/ld-/);
  });

  it('have no loader when they are no dynamic programs, or damaged', () => {
    const program = readFileSync(process.execPath).subarray(0, 65_536);
    const changed = (at: number, value: number) => Buffer.from(program.with(at, value));
    for (const head of [
      Buffer.alloc(0),
      Buffer.from('#!/bin/sh\n'.repeat(10)),
      program.subarray(0, 63),
      program.subarray(0, 100),
      changed(4, 1),
      changed(5, 2),
      changed(56, 0),
      changed(39, 0xff),
    ]) {
      assert.equal(elfInterpreter(head), undefined);
    }
  });
});
