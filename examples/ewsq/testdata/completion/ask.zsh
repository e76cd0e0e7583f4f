# Prints what zsh offers for each line of the file "lines", beside which the completion lies
# as _ewsq: zsh -f ask.zsh
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${(q)PWD}/offer.zsh"
zpty -r shell out '*READY*' || exit 3
for line in "${(@f)$(<lines)}"; do
    zpty -w -n shell "$line"$'\t'
    zpty -r shell out '*BEGIN*END*' || exit 4
    print -r -- ${(f)${${${out##*BEGIN}%%END*}//$'\r'/}}
    zpty -w -n shell $'\x15' # empties the line
done
