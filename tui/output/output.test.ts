import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../arguments/usage-error.ts';
import { parseFormat } from './format.ts';
import { naturalOrder, rowOrder } from './natural-order.ts';
import { boxedTable, compactTable, csvTable } from './table.ts';
import { byteSize, dateOf, durationOf, isoOf, minuteOf } from './units.ts';

const table = {
  header: ['NAME', 'IPV4'],
  rows: [
    ['web', ['10.0.0.1 (eth0)', '10.0.0.2 (eth1)']],
    ['a"b,c', ''],
  ],
};

describe('tables', () => {
  it('have boxes, centred headers and a line between rows', async () => {
    assert.equal(
      await boxedTable(table, true),
      [
        '+-------+-----------------+',
        '| NAME  |      IPV4       |',
        '+-------+-----------------+',
        '| web   | 10.0.0.1 (eth0) |',
        '|       | 10.0.0.2 (eth1) |',
        '+-------+-----------------+',
        '| a"b,c |                 |',
        '+-------+-----------------+',
        '',
      ].join('\n'),
    );
  });

  it('without rows are a header', async () => {
    assert.equal(await boxedTable({ header: ['NAME'], rows: [] }, true), '+------+\n| NAME |\n+------+\n');
  });

  it('line up wide characters', async () => {
    const text = await boxedTable(
      {
        header: ['N', 'D'],
        rows: [
          ['東京', 'x'],
          ['ab', 'y'],
          ['e\u0301', 'z'],
        ],
      },
      false,
    );
    assert.deepEqual(text.split('\n').slice(1, 6), [
      '| 東京 | x |',
      '+------+---+',
      '| ab   | y |',
      '+------+---+',
      '| e\u0301    | z |',
    ]);
  });

  it('are compact without lines', async () => {
    assert.equal(
      await compactTable(table, true),
      'NAME   IPV4\nweb    10.0.0.1 (eth0)\n       10.0.0.2 (eth1)\na"b,c\n',
    );
    assert.equal((await compactTable(table, false)).split('\n')[0], 'web    10.0.0.1 (eth0)');
  });

  it('are csv with quotes where it needs them', () => {
    assert.equal(csvTable(table, false), 'web,"10.0.0.1 (eth0)\n10.0.0.2 (eth1)"\n"a""b,c",\n');
  });
});

describe('formats', () => {
  it('have a header unless they are csv or told otherwise', () => {
    const header = (text: string) => parseFormat(text).withHeader;
    assert.deepEqual(['table', 'compact', 'csv', 'csv,header', 'table,noheader', 'compact,noheader'].map(header), [
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it('are refused when unknown', () => {
    for (const text of ['', 'xml', 'csv,x', 'table,']) assert.throws(() => parseFormat(text), UsageError);
  });
});

describe('the natural order', () => {
  it('counts', () => {
    const sorted = ['web10', 'web9', 'web', 'Web1', 'web009', 'a', '10', '9', 'web1b2', 'web1b10'].sort(naturalOrder);
    assert.deepEqual(sorted, ['9', '10', 'Web1', 'a', 'web', 'web1b2', 'web1b10', 'web009', 'web9', 'web10']);
  });

  it('is one order, whatever is compared with what', () => {
    const words = [
      '',
      '0',
      '00',
      '01',
      '1',
      'a',
      'a0',
      'a00',
      'a1b',
      'a01b',
      'b',
      '9007199254740993',
      '9007199254740992',
    ];
    for (const a of words) {
      for (const b of words) {
        assert.equal(Math.sign(naturalOrder(a, b)), 0 - Math.sign(naturalOrder(b, a)));
        assert.equal(naturalOrder(a, b) === 0, a === b);
      }
    }
  });

  it('of rows goes by the columns from the left', () => {
    assert.deepEqual(
      [
        ['b', '1'],
        ['a', '10'],
        ['a', '9'],
      ].sort(rowOrder),
      [
        ['a', '9'],
        ['a', '10'],
        ['b', '1'],
      ],
    );
  });
});

describe('units', () => {
  it('of bytes are binary', () => {
    assert.deepEqual([0, 1023, 1024, 1_572_864, 2 ** 60].map(byteSize), [
      '0B',
      '1023B',
      '1.00KiB',
      '1.50MiB',
      '1.00EiB',
    ]);
  });

  it('of time are UTC', () => {
    const date = dateOf({ seconds: 1_700_000_000, nanos: 5e8 });
    assert.deepEqual([minuteOf(date), isoOf(date)], ['2023/11/14 22:13 UTC', '2023-11-14T22:13:20.500Z']);
    assert.deepEqual(
      [dateOf(null), dateOf({ seconds: 0 }), minuteOf(undefined), isoOf(undefined)],
      [undefined, undefined, '', ''],
    );
    assert.equal(minuteOf(dateOf({ seconds: 1e20 })), '');
  });

  it('of a while are two', () => {
    assert.deepEqual([0, 5, 61, 3600, 90_061].map(durationOf), ['0s', '5s', '1m 1s', '1h 0m', '1d 1h']);
  });
});
