# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of pralloc(1) for bash.  Sub-commands, options and attributes are those that the
# installed command tells, domains those of the host that -c or PRALLOC_URI names.

# The words of the line with "a", "=", "b" put together again, which bash has split at
# $COMP_WORDBREAKS; up to the cursor.
_pralloc_words()
{
	local i word join=

	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i -gt 0 && -n $word && -z ${word//[:=]/} ]]; then
			words[${#words[@]} - 1]+=$word
			join=1
		elif [[ $join ]]; then
			words[${#words[@]} - 1]+=$word
			join=
		else
			words+=("$word")
		fi
	done
}

# What has been said before the cursor: the command, its arguments, and how to ask the host.
_pralloc_parse()
{
	local i word

	command='' arguments=() host=()
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		case $word in
		-c | --connect)
			host=(-c "${words[++i]}")
			;;
		--connect=*)
			host=(-c "${word#*=}")
			;;
		--timeout | --journal)
			((++i))
			;;
		-*) ;;
		*)
			if [[ $command ]]; then
				arguments+=("$word")
			else
				command=$word
			fi
			;;
		esac
	done
}

_pralloc_commands()
{
	"$program" --help 2>/dev/null | sed -n '/^Options/q; s/^  \([a-z]*\)  .*/\1/p'
}

_pralloc_options()
{
	# shellcheck disable=SC2086 # no word where there is no sub-command yet
	"$program" $command --help 2>/dev/null |
		sed -n '/^Options/,/^Examples/s/^  ..[ ,] \(--[a-z-]*\).*/\1/p'
}

_pralloc_domains()
{
	"$program" "${host[@]}" --timeout 2 list --json 2>/dev/null |
		sed -n 's/^ *"name": "\(.*\)",$/\1/p'
}

# Those that can be set alone, with "=" behind; or all.
_pralloc_attributes()
{
	"$program" attributes --json 2>/dev/null | awk -F '"' -v settable="$1" '
		$2 == "attribute" { name = $4 }
		$2 == "writable" && (!settable || $3 ~ /true/) { print name (settable ? "=" : "") }'
}

# A word of set: after a domain its assignments; after one of those also another domain.
_pralloc_set()
{
	local last=

	((${#arguments[@]})) && last=${arguments[-1]}
	if [[ $current == *=* ]]; then
		printf '%s\n' "${current%%=*}=default" "${current%%=*}=unlimited"
		return
	fi
	[[ -z $last || $last == *=* ]] && {
		_pralloc_domains
		echo @host
	}
	[[ $last ]] && _pralloc_attributes 1
}

_pralloc_links()
{
	"$program" "${host[@]}" --timeout 2 show @host --json 2>/dev/null |
		sed -n 's/^ *"net.link.out\[\(.*\)\]": .*/\1/p'
}

# The domains of one side of move: behind a comma those that are not yet there.
_pralloc_side()
{
	local given=${current%"${current##*,}"} domain

	while read -r domain; do
		[[ ,$given == *,"$domain",* ]] || echo "$given$domain"
	done < <(_pralloc_domains)
}

# move ATTR AMOUNT FROM TO
_pralloc_move()
{
	case ${#arguments[@]} in
	0)
		printf '%s\n' mem cpu
		_pralloc_attributes 1 | tr -d =
		;;
	2 | 3) _pralloc_side ;;
	esac
}

_pralloc_argument()
{
	case $command in
	'') _pralloc_commands ;;
	set) _pralloc_set ;;
	move) _pralloc_move ;;
	attributes) _pralloc_attributes '' ;;
	restore) _pralloc_domains ;;
	net)
		case ${#arguments[@]} in
		0) printf '%s\n' link reset ;;
		1) _pralloc_links ;;
		esac
		;;
	get | reset | show | save)
		if ((${#arguments[@]} == 0)); then
			_pralloc_domains
			[[ $command == get || $command == show ]] && echo @host
		elif [[ $command == get || $command == reset ]]; then
			_pralloc_attributes ''
		fi
		;;
	esac
}

_pralloc_candidates()
{
	case ${words[-2]} in
	-c | --connect) printf '%s\n' qemu:///system test:///default fake:///3 ;;
	--timeout) ;;
	*)
		if [[ $current == -?* || $current == - ]]; then
			_pralloc_options
		else
			_pralloc_argument
		fi
		;;
	esac
}

_pralloc()
{
	local program=${COMP_WORDS[0]} words command arguments host current candidate split

	_pralloc_words
	_pralloc_parse
	current=${words[-1]}
	COMPREPLY=()
	if [[ $command =~ ^(apply|plan|recover)$ && $current != -* || ${words[-2]} == --journal ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	# bash replaces only what stands behind the last of these.
	split=${current%"${current##*[:=]}"}
	while read -r candidate; do
		[[ $candidate == "$current"* ]] || continue
		[[ $candidate == *= ]] && compopt -o nospace 2>/dev/null
		candidate=${candidate#"$split"}
		[[ $candidate == *= ]] || printf -v candidate %q "$candidate"
		COMPREPLY+=("$candidate")
	done < <(_pralloc_candidates)
}

complete -F _pralloc pralloc
