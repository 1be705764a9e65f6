for f in *.{a,b}; do [[ $f =~ ^x ]] && echo "${f%%.*}" $((1+2)) "$(cat <<E
x
E
)"; done
