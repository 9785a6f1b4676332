/** The page's only style sheet; its hash stands in the content security policy. */
export const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5c6672;--line:#e2e6ea;--paper:#fff;--wash:#f6f8fa;--accent:#0b6e75}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa4ae;--line:#2d333a;--paper:#14171a;--wash:#1b1f24;--accent:#5cc4cb}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
header,main{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:3rem;padding-bottom:1rem}
h1{margin:0;font-size:2.1rem;letter-spacing:-.02em}
h1 small{font-size:1rem;font-weight:400;color:var(--soft);letter-spacing:0}
h2{margin:2.75rem 0 .75rem;font-size:1.3rem;letter-spacing:-.01em}
h4{margin:1.25rem 0 .35rem;font-size:.8rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft)}
p{margin:.4rem 0}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--wash);border-radius:4px;padding:.1em .3em}
.lead{color:var(--soft);max-width:44rem}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1rem;padding:.75rem 0;border-bottom:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;background:var(--paper)}
details[open]{box-shadow:0 1px 6px rgb(0 0 0/.08)}
summary{cursor:pointer;padding:.6rem .8rem;display:flex;flex-wrap:wrap;align-items:baseline;gap:.5rem;list-style:none}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--wash);border-radius:8px}
.path{background:none;padding:0;font-weight:600;overflow-wrap:anywhere}
.what{color:var(--soft);font-size:.925rem}
.body{padding:.2rem .9rem 1rem;border-top:1px solid var(--line)}
.method,.status{display:inline-block;min-width:4.2rem;text-align:center;font:600 .75rem/1.6 ui-monospace,monospace;border-radius:5px;padding:.05rem .4rem;color:#fff;background:#57606a}
.get{background:#0b6e75}.post{background:#2f6f3e}.put{background:#8a5a00}.delete{background:#a1302b}
.status{min-width:3rem}.s2{background:#2f6f3e}.s3{background:#57606a}.s4{background:#8a5a00}.s5{background:#a1302b}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.925rem}
td{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.type{color:var(--soft);font-size:.875rem}
.optional{color:var(--soft);font-size:.75rem;font-style:italic}
dl{margin:.3rem 0;padding-left:.9rem;border-left:2px solid var(--line)}
dt{margin-top:.4rem}dd{margin:0 0 0 .2rem;font-size:.925rem;color:var(--soft)}
footer{margin:3rem 0;color:var(--soft);font-size:.875rem}
`;
