# Makes homeport.yml(5) out of docs/configuration.md, which is made out of the table of settings: awk -f this docs/configuration.md
# Knows what that page uses: headings, paragraphs, tables, code, bold by `backquotes`, italics by *stars*.

BEGIN {
	print ".TH HOMEPORT.YML 5 \"\" \"homeport\" \"Homeport\""
	print ".SH NAME\nhomeport.yml \\- configuration of homeportd(8)"
}

function styled(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	text = set_pairs(text, "`", "\\fB")
	text = set_pairs(text, "*", "\\fI")
	while (match(text, /\[[^]]*\]\([^)]*\)/)) {
		link = substr(text, RSTART, RLENGTH)
		sub(/\]\(.*/, "", link)
		text = substr(text, 1, RSTART - 1) substr(link, 2) substr(text, RSTART + RLENGTH)
	}
	return text ~ /^[.']/ ? "\\&" text : text
}

# What stands between two MARKs is set in FONT. A mark without a second one stays as it is.
function set_pairs(text, mark, font,    done, start, end) {
	done = ""
	while ((start = index(text, mark)) && (end = index(substr(text, start + 1), mark)) > 1) {
		done = done substr(text, 1, start - 1) font substr(text, start + 1, end - 1) "\\fR"
		text = substr(text, start + end + 1)
	}
	return done text
}

function cell(number) {
	text = cells[number]
	gsub(/^ +| +$/, "", text)
	return text
}

# A row of the tables of settings has what it is, and then what it may be; one of any other table is a name and what it means.
function print_row(count) {
	print ".TP\n" styled(cell(2))
	if (count == 8) {
		print styled(cell(7)) "\n.br"
		print styled(cell(3) (cell(4) ~ /required/ ? "; required" : cell(4) != "" ? "; default " cell(4) : "") \
		             (cell(5) != "" ? "; " cell(5) : "") "; changed by a " cell(6))
	} else
		print styled(cell(3))
}

/^<!--/ || /^# / { next }
/^```/ { is_code = !is_code; print is_code ? ".PP\n.RS 4\n.EX" : ".EE\n.RE"; next }
is_code { gsub(/\\/, "\\e"); gsub(/-/, "\\-"); print /^[.']/ ? "\\&" $0 : $0; next }
/^## / { print ".SH " toupper(substr($0, 4)); is_first = 1; next }
/^\|/ {
	count = split($0, cells, "|")
	if ($0 !~ /^\|[-|]+$/ && previous ~ /^\|/)
		print_row(count)
	previous = $0
	next
}
/^$/ { if (!is_first && previous != "") is_due = 1; previous = ""; next }
{
	if (!seen++)
		print ".SH DESCRIPTION"
	else if (is_due)
		print ".PP"
	is_due = is_first = 0
	previous = $0
	print styled($0)
}

END {
	print ".SH SEE ALSO\n.BR homeportd (8),\n.BR homeportctl (1)"
}
