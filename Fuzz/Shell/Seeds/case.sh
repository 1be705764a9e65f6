case $1 in a|b) x=(1 2);; *) f() { local y; }; f <(ls);; esac &
