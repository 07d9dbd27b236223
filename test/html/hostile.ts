/** Names that files and classes may have, and that a page must show as they are. */
export const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)",
  '" autofocus onfocus="alert(1)',
  '</title></style></script><svg onload=alert(1)>',
  'javascript:alert(1)',
  '<!-- --!> ]]> &lt;b&gt; &amp;',
  '${alert(1)} {{7*7}} `x`',
  'ltr\u202egnp.exe\u2066\u200f',
  'a\r\nb\u2028c\u0000\u001b[31m',
  '  spaces  ',
  'été 蜜蜂 نحلة 🐝',
  'lone \ud800 half',
  `${'long'.repeat(60)}.jpg`,
  '__proto__',
  'constructor',
];
