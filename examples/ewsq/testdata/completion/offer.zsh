# Makes the key for completion print what is offered, between BEGIN and END.
PS1= PS2= RPS1=
unsetopt zle_bracketed_paste prompt_sp
setopt no_beep
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D

compadd() {
    # With one of these, it works for the function that calls it.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    offered+=($hits)
    return $(( ! $#hits ))
}

offer() {
    typeset -ga offered=()
    _main_complete
    print -r -- BEGIN
    print -rl -- ${(ou)offered}
    print -r -- END
    compstate[insert]= compstate[list]=
}

zle -C offer complete-word offer
bindkey '^I' offer '^U' kill-buffer
print READY
