// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Programs that change the machine.
let systemReaders: [String: ProgramReader] = [
    "dd": ProgramReader { call in
        for target in call.values("of") where isDisk(target) {
            call.add(.systemChange, "writes to a disk: \(target.display)", traits: .irreversible)
        }
    },
    "ip": ProgramReader { call in
        // ip netns exec NAME PROGRAM…, ip vrf exec NAME PROGRAM…
        guard let at = call.words.firstIndex(where: { $0.text == "exec" }), call.words.count > at + 2,
            let start = call.arguments.firstIndex(of: call.words[at])
        else { return }
        let program = Array(call.arguments[(start + 2)...])
        call.add(.privilegeRaise, "enters another network namespace")
        call.add(.run(program, environment: [:], takesInput: true, isRemote: false))
    },
    "sysctl": ProgramReader { call in
        for word in call.words {
            if let (name, value) = word.split(at: UInt8(ascii: "=")) {
                if name.contains("core_pattern"), value.hasPrefix("|") {
                    call.add(.code(value.dropping(1), language: "sh"))
                }
            } else if word.contains("../") || word.hasPrefix("/") {
                call.add(.read(word))
            }
        }
    },
    "ps": ProgramReader { call in
        guard call.program == "ps", let first = call.arguments.dropFirst().first?.text else { return }
        // Without a dash `e` shows the environment.
        if !first.hasPrefix("-"), first.utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }), first.contains("e") {
            call.add(.secretRead, "shows the environment of processes")
            call.add(.output(.secret))
        }
    },
    "clipboard": ProgramReader { call in
        call.skipsTable = true
        switch call.program {
        case "pbpaste", "wl-paste":
            call.add(.secretRead, "reads the clipboard")
            call.add(.output(.secret))
        case "xclip", "xsel":
            guard call.has("-o") else { return }
            call.add(.secretRead, "reads the clipboard")
            call.add(.output(.secret))
        case "xdotool":
            guard let at = call.arguments.firstIndex(where: { $0.text == "exec" }) else { return }
            let rest = Array(call.arguments[(at + 1)...].drop { $0.hasPrefix("-") })
            if !rest.isEmpty { call.add(.run(rest, environment: [:], takesInput: true, isRemote: false)) }
        case "scrot", "import", "gnome-screenshot", "grim", "screencapture", "flameshot", "spectacle", "maim":
            // A line of Java, Python or JavaScript: ImageMagick takes the format from the ending.
            if call.program != "import" || namesPicture(call.arguments) {
                call.add(.secretRead, "takes a picture of the screen")
            }
            for word in call.words { call.perform(.write, on: word, traits: [], detail: "") }
            // scrot -e COMMAND
            if let at = call.arguments.firstIndex(where: { $0.text == "-e" || $0.text == "--exec" }),
                at + 1 < call.arguments.count
            {
                call.add(.code(call.arguments[at + 1], language: "sh"))
            }
        default: break
        }
    },
    "alternatives": ProgramReader { call in
        if let link = call.values("--install").first { call.add(.write(link, appends: false)) }
    },
    "capsh": ProgramReader { call in
        // What follows `--` are arguments of a shell.
        guard let at = call.arguments.firstIndex(where: { $0.text == "--" || $0.text == "==" }) else { return }
        let rest = Array(call.arguments[(at + 1)...])
        call.tail = []
        call.add(.run([Value("/bin/bash")] + rest, environment: [:], takesInput: true, isRemote: false))
    },
    "logs": ProgramReader { call in
        // logsave FILE PROGRAM… alone runs something.
        if call.program != "logsave" { call.tail = [] }
    },
]

private func isDisk(_ value: Value) -> Bool {
    let text = value.display
    return [
        "/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/nvme", "/dev/mmcblk", "/dev/disk", "/dev/rdisk", "/dev/md",
        "/dev/dm-",
        "/dev/mapper/", "/dev/loop", "/dev/mem", "/dev/kmem", "/dev/port",
    ].contains { text.hasPrefix($0) }
}

/// An option, or a word that ends or begins with the name of a format of pictures.
private func namesPicture(_ arguments: [Value]) -> Bool {
    let formats: Set<Substring> = [
        "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pdf", "ps", "eps", "ppm", "xwd", "miff", "svg",
    ]
    return arguments.dropFirst().contains { argument in
        let text = argument.display.lowercased()
        return argument.text == nil || text.hasPrefix("-") || formats.contains(text.prefix { $0 != ":" })
            || text.lastIndex(of: ".").map { formats.contains(text[text.index(after: $0)...]) } == true
    }
}
