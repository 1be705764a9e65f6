cd a && git -C b push | tee x >/dev/null 2>&1
