# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of socksctl for bash: words, servers' names and rules' numbers.
#
# No "compgen -W" here: it would expand what others have named.

# The names of the servers, or the numbers of the rules, which are in force.
_socksctl_in_force()
{
	local kind=$1 line number=0

	while read -r line; do
		case $kind:$line in
		server:server\ add\ *)
			line=${line#server add }
			allowed+=("${line%% *}")
			;;
		rule:rule\ add\ *)
			allowed+=($((++number)))
			;;
		esac
	done < <("${socksctl[@]}" save 2>/dev/null </dev/null)
}

# The cgroups right below the one that is typed, but those with names which the
# shell would take apart.
_socksctl_cgroups()
{
	local root folder

	for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[[ -e $root/cgroup.controllers ]] || continue
		for folder in "$root${current%/*}"/*/; do
			folder=${folder#"$root"}
			[[ ! $folder =~ ^[A-Za-z0-9_./@-]+$ ]] || allowed+=("$folder")
		done
		return
	done
}

# Keywords, but those which were given already.
_socksctl_keywords()
{
	local word

	for word; do
		[[ " ${given[*]:2} " == *" $word "* ]] || allowed+=("$word")
	done
}

# What says which connections are meant.
_socksctl_filter()
{
	case ${given[-1]} in
	via) _socksctl_in_force server ;;
	to) allowed=(any) ;;
	uid) mapfile -t allowed < <(compgen -u) ;;
	state) allowed=(connecting listening established) ;;
	port | pid | program) ;;
	*) _socksctl_keywords via to port uid pid program state ;;
	esac
}

# What may stand behind the words given.
_socksctl_allowed()
{
	local object=${given[0]-} verb=${given[1]-} command

	# The commands are those which the tool itself names; an abbreviation
	# means the first.
	while read -r _ command _; do
		if ((${#given[@]} == 0)); then
			[[ " ${allowed[*]} " == *" $command "* ]] ||
				allowed+=("$command")
		elif [[ $command == "$object"* ]]; then
			object=$command
			break
		fi
	done < <("${socksctl[0]}" help 2>/dev/null </dev/null | grep '^socksctl [a-z]')
	((${#given[@]})) || return

	case $object/$verb in
	server/a* | rule/a*) verb=add ;;
	server/d* | rule/d*) verb=del ;;
	esac
	case $object/$verb in
	server/ | rule/) allowed=(add del show help) ;;
	server/del | server/show)
		((${#given[@]} != 2)) || _socksctl_in_force server
		;;
	rule/del)
		((${#given[@]} != 2)) || _socksctl_in_force rule
		;;
	server/add)
		((${#given[@]} >= 4)) || return
		case ${given[-1]} in
		userid) allowed=(none uid string) ;;
		local) allowed=(auto) ;;
		timeout | accept-timeout | retry | string) ;;
		*) _socksctl_keywords userid timeout accept-timeout local retry ;;
		esac
		;;
	rule/add | lookup/?*)
		case ${given[-1]} in
		via) _socksctl_in_force server ;;
		to) allowed=(any) ;;
		index) _socksctl_in_force rule ;;
		rbind) allowed=(auto) ;;
		port) ;;
		uid) mapfile -t allowed < <(compgen -u) ;;
		gid) mapfile -t allowed < <(compgen -g) ;;
		cgroup) _socksctl_cgroups ;;
		*)
			if [[ $object == lookup ]]; then
				_socksctl_keywords uid gid cgroup
			else
				_socksctl_keywords index to port uid gid cgroup \
					via rbind direct reject
			fi
			;;
		esac
		;;
	show/) allowed=(connections) ;;
	show/c*) _socksctl_filter ;;
	abort/* | monitor/*)
		[[ $object$verb != abort ]] || allowed=(all)
		[[ $object/$verb != abort/all ]] || return 0
		given=(- "${given[@]}")
		_socksctl_filter
		;;
	probe/) _socksctl_in_force server ;;
	doctor/) allowed=(connect) ;;
	top/) allowed=(interval) ;;
	limit/*)
		case ${given[-1]} in
		rbind | rbind-per-user) ;;
		*)
			given=(- "${given[@]}")
			_socksctl_keywords rbind rbind-per-user
			;;
		esac
		;;
	apply/-*)
		((${#given[@]} == 2)) || files=1
		;;
	apply/)
		[[ $current != -* ]] || allowed=(--confirm)
		files=1
		;;
	apply/* | check/*) files=1 ;;
	import/) allowed=(tsocks proxychains redsocks dante socks.conf) ;;
	import/*)
		((${#given[@]} != 2)) || files=1
		;;
	esac
}

_socksctl()
{
	local current=${COMP_WORDS[COMP_CWORD]} socksctl=("${COMP_WORDS[0]}")
	local allowed=() given=() files=0 at=1 option word

	COMPREPLY=()
	# The options come first.
	while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} == -* ]]; do
		option=${COMP_WORDS[at++]#-}
		option=${option#-}
		case $option in
		n*)
			if ((at == COMP_CWORD)); then
				mapfile -t allowed < <(ls /run/netns 2>/dev/null)
				files=1
			fi
			socksctl+=(-netns "${COMP_WORDS[at++]}")
			;;
		b*)
			((at++ != COMP_CWORD)) || files=1
			;;
		esac
	done
	if ((at <= COMP_CWORD)); then
		given=("${COMP_WORDS[@]:at:COMP_CWORD-at}")
		if ((${#given[@]} == 0)) && [[ $current == -* ]]; then
			allowed=(-batch -force -help -json -netns -pretty -Version)
		else
			_socksctl_allowed
		fi
	fi

	for word in "${allowed[@]}"; do
		[[ $word != "$current"* ]] || COMPREPLY+=("$word")
	done
	if ((files)); then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
	elif [[ ${COMPREPLY[0]-} == */ ]]; then
		# A cgroup's path may go on.
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _socksctl socksctl
