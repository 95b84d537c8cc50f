/**
 * The completion script of a shell; undefined for one that has none. The scripts only pass words to `yurt complete` and
 * show its answer: a first line `words` or `files`, then one candidate a line, a tab and what it means. Nothing that
 * the user typed or the server named is ever evaluated by the shell.
 */
export function completionScript(shell: string): string | undefined {
  return Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
}

/** bash splits words at `=` and `:`; they are put together for yurt, and the answer is cut to what bash replaces. */
const bash = `# bash completion for yurt
_yurt() {
  local program=\${COMP_WORDS[0]/#\\~/$HOME} words=() word joins='' answer current prefix line
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( $word == [=:]* || -n $joins ) ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    joins=''
    [[ $word == *[=:] ]] && joins=1
  done
  current=\${words[\${#words[@]}-1]}
  prefix=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  {
    read -r answer
    if [[ $answer == files ]]; then
      compopt -o default
      return
    fi
    while IFS= read -r line; do
      line=\${line%%$'\\t'*}
      COMPREPLY+=("\${line#"$prefix"}")
    done
  } < <("$program" complete -- "\${words[@]}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=:] ]]; then
    compopt -o nospace
  fi
}
complete -F _yurt yurt
`;

const zsh = `#compdef yurt
# zsh completion for yurt
_yurt() {
  local -a lines described
  local line value
  lines=("\${(@f)$("\${(Q)words[1]/#\\~/$HOME}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    value=\${line%%$'\\t'*}
    described+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe -t yurt-words yurt described
}
compdef _yurt yurt
`;

const fish = `# fish completion for yurt
function __yurt_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test -z "$current"; and set current ''
    set -l lines ($words[1] complete -- $words[2..-1] $current 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$current"
        return
    end
    for line in $lines[2..-1]
        printf '%s\\n' $line
    end
end
complete -c yurt -f -a '(__yurt_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };
