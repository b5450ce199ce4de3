# Prints what zsh makes of typed text when Tab is pressed: zsh -f complete.zsh SCRIPT TEXT. Zsh runs interactively, on a
# terminal of its own, with SCRIPT as the completion of llava4j.
zmodload zsh/zpty zsh/system
line=$(mktemp)
zpty -b shell TERM=dumb zsh -f -i
zpty -w shell "autoload -Uz compinit; compinit -D; source ${(q)1}; LISTMAX=0; unsetopt beep
  report() { print -r -- \"\$BUFFER\" > ${(q)line}.new; mv ${(q)line}.new ${(q)line}; }
  zle -N report; bindkey '^X^R' report; print rea''dy"
output=
until [[ $output == *ready* ]]; do
  zpty -r shell part && output+=$part
  sleep 0.02
done
zpty -w -n shell "$2"$'\t\x18\x12'
for attempt in {1..500}; do
  [[ -s $line ]] && break
  zpty -r shell part
  sleep 0.02
done
cat $line
rm -f $line
zpty -d shell
