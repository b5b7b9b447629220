import { describe, expect, test } from 'vitest';
import { screensOf, textOf } from '../../../scripts/picture/screen.ts';
import { svgOf } from '../../../scripts/picture/svg.ts';

describe('the picture of a run', () => {
  test('shows what a terminal shows: one screen before each redraw, and the last', () => {
    const recording =
      'share 1 %\r\nbaking\r\n\u001b[2A\u001b[2Kshare \u001b[32m5 %\u001b[39m\r\n\u001b[Jdone';

    expect(screensOf(recording).map(textOf)).toEqual(['share 1 %\nbaking', 'share 5 %\ndone']);
  });

  test('skips what is no text: titles, modes, other escapes', () => {
    expect(screensOf('\u001b]0;title\u0007\u001b[?25l\u001b[?2026ha\u001b(Bb').map(textOf)).toEqual(['aBb']);
  });

  test('keeps colours and weight, draws blocks, and escapes the rest', () => {
    const [screen] = screensOf('\u001b[1;38;5;196mA<B\u001b[0m\u001b[92m█░\u001b[0m');

    const svg = svgOf(screen ?? [], 'a & b');

    expect(svg).toContain('<title>a &amp; b</title>');
    expect(svg).toContain('fill="#ff0000" font-weight="600">A&lt;B</text>');
    expect(svg).toContain('fill="#56d364"/>');
    expect(svg).toContain('fill="#56d364" opacity="0.25"/>');
  });
});
