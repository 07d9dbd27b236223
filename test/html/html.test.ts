import { html, trusted, type Value } from '../../lib/html/html';
import { elementUrl, fileUrl, imageUrl } from '../../lib/html/url';
import { HOSTILE } from './hostile';

/** A template as a caller writes it. */
const made = (parts: string[], ...values: Value[]): string =>
  html(Object.assign(parts, { raw: parts }), ...values).toString();

describe('a template', () => {
  test.each(HOSTILE)('escapes %j in text and in attributes', (name) => {
    const text = html`<p title="${name}">${name}</p>`.toString();
    const within = /^<p title="([^"<>']*)">([^<>"']*)<\/p>$/.exec(text.replace(/<\/?bdi>/g, ''));
    expect(within).not.toBeNull();
    expect(within?.[1]).toBe(within?.[2]);
    // Nothing that hides, steers or ends a line is left.
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]/);
  });

  test.each([
    ['النمل والنحل: 3 images', '<bdi>النمل والنحل</bdi>: 3 images'],
    ['val/שלום/2-שנה.jpg', 'val/<bdi>שלום</bdi>/2-<bdi>שנה</bdi>.jpg'],
    ['<b>نحلة</b>, ܐܢܐ', '&#60;b&#62;<bdi>نحلة</bdi>&#60;/b&#62;, <bdi>ܐܢܐ</bdi>'],
    ['été 蜜蜂', 'été 蜜蜂'],
  ])('lets what is written from right to left turn nothing beside it: %s', (name, isolated) => {
    expect(html`<li>${name}</li>`.toString()).toBe(`<li>${isolated}</li>`);
    expect(html`<li title="${name}"></li>`.toString()).not.toContain('<bdi>');
  });

  test('joins markup, lists and what is empty', () => {
    const items = ['a', '<b>'].map((name) => html`<i>${name}</i>`);
    const list = html`<b>${items}</b>${undefined}${null}${false}${0}${trusted('<hr>')}`;
    expect(list.toString()).toBe('<b><i>a</i><i>&#60;b&#62;</i></b>0<hr>');
    expect(html`<p${trusted(' hidden')} id="x">${'&amp;'}</p>`.toString()).toBe('<p hidden id="x">&#38;amp;</p>');
  });

  test.each<[string, string[], Value]>([
    ['an attribute without quotes', ['<p title=', '>'], 'x'],
    ['an attribute in single quotes', ["<p title='", "'>"], 'x'],
    ['a tag', ['<p ', '>'], 'x onclick=alert(1)'],
    ['the name of a tag', ['<', '>'], 'script'],
    ['an event', ['<p onclick="', '">'], 'x'],
    ['a style attribute', ['<p style="', '">'], 'x'],
    ['a script', ['<script>', '</script>'], 'x'],
    ['a style sheet', ['<style>', '</style>'], 'x'],
    ['a comment', ['<!-- ', ' -->'], 'x'],
    ['an address', ['<a href="', '">'], 'javascript:alert(1)'],
    ['an address of a picture', ['<img src="', '">'], 'https://example.org/x.png'],
    ['markup in an attribute', ['<p title="', '">'], trusted('<b>')],
    ['an address in text', ['<p>', '</p>'], elementUrl('x')],
  ])('refuses a value in %s', (_, parts, value) => {
    expect(() => made(parts, value)).toThrow();
  });
});

describe('an address', () => {
  test('of a picture within the page', () => {
    expect(html`<img src="${imageUrl('png', Buffer.from('x'))}" />`.toString()).toBe(
      '<img src="data:image/png;base64,eA==" />',
    );
  });

  test.each(HOSTILE)('of a file called %j, or an element, stays within the page and its folder', (name) => {
    if (/[/\0]/.test(name) || /[\ud800-\udfff]/.test(name.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''))) return;
    const url = fileUrl('/runs/a', `/photos/${name}`).text;
    expect(url).toMatch(/^\.\/\.\.\/\.\.\/photos\/[\w.~!*'()%-]+$/);
    expect(new URL(url, 'file:///runs/a/report.html').protocol).toBe('file:');
    expect(decodeURIComponent(url)).toBe(`./../../photos/${name}`);
    expect(elementUrl(name).text).toMatch(/^#[\w.~!*'()%-]*$/);
  });

  test('of a file whose name looks like a scheme', () => {
    expect(fileUrl('.', 'javascript:alert(1)').text).toBe('./javascript%3Aalert(1)');
  });
});
