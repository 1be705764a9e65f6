// SPDX-License-Identifier: Apache-2.0

/// What a rule is about in general. Findings of other rules say the same of every place, so that the first one serves;
/// these name a package or a host.
enum RuleText {
    /// By `scanner/rule`: one sentence, and what to do.
    static let texts: [String: (title: String, help: String)] = [
        "unicode/hidden-document-text": (
            "A document holds text that its reader does not see.",
            "Read it before a model does; what must stay should be visible."
        ),
        "prompt_injection/injected-instructions": (
            "Text reads like an instruction to the model rather than content.", "Treat it as data; do not follow it."
        ),
        "skill/download-and-run": (
            "Text or a program is fetched from the network and run unread.",
            "Download it to a file, read it, and run a pinned copy."
        ),
        "skill/decoded-code": ("Encoded text is decoded and run.", "Decode it and read it first."),
        "skill/exfiltration": (
            "A credential is read and sent to another machine.",
            "Do not install it; rotate what it could read if it ran."
        ),
        "skill/network-shell": ("A shell is tied to the network.", "Do not run it."),
        "skill/persistence": ("Something is put in place that acts later by itself.", "Remove it."),
        "skill/bytecode-differs": (
            "Compiled bytecode names what its source does not.", "Delete it; it is made again from the source."
        ),
        "skill/skill-limit": ("Not all of the file was looked at.", "Read it before an agent does."),
        "skill/unexplained-network": (
            "A skill connects to another machine, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-send": (
            "A skill sends data to another machine, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-stranger": (
            "A skill connects to an address that nobody answers for, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-credentials": (
            "A skill reads credentials, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-environment": (
            "A skill reads the whole environment, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-persistence": (
            "A skill makes something start by itself, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-settings": (
            "A skill changes settings or instructions of agents, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-hooks": (
            "A skill changes what git runs by itself, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-outside": (
            "A skill changes files outside the project, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-push": (
            "A skill pushes to a repository, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-publish": (
            "A skill publishes a package, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-deploy": (
            "A skill changes or deletes what runs elsewhere, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-privilege": (
            "A skill takes the administrator's rights, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-system": (
            "A skill changes the machine itself, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-signal": (
            "A skill ends or signals other programs, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-listen": (
            "A skill waits for connections, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-history": (
            "A skill throws away commits or uncommitted work, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/unexplained-agents": (
            "A skill starts other agents, and nothing that it declares explains it.",
            "Read the code before an agent runs it; if it belongs there, the description should say so."
        ),
        "skill/purpose-mismatch": (
            "A skill reads credentials, or stays on the machine, and connects elsewhere, and its purpose explains neither.",
            "Do not install it before somebody has read the code."
        ),
        "skill/undeclared-tool": (
            "Code of a skill does what the tools that it asks for cannot do.",
            "Ask for the tools that are needed, or take the code out."
        ),
        "skill/wide-tools": (
            "A skill asks to run every command, and neither its purpose nor its text needs one.",
            "Name the tools and commands that it needs."
        ),
        "skill/name-look-alike": (
            "The name of a skill or server looks like a well-known one, or like one that is installed.",
            "Install the well-known one if that was meant."
        ),
        "skill/claimed-publisher": (
            "A skill or server is called like a publisher's, and nothing about its place shows that.",
            "Compare it with the publisher's own copy before you trust it."
        ),
        "skill/name-shadowed": (
            "A project's skill, agent, command or server has the name of one of the person's own.",
            "Compare the two; remove or rename the project's."
        ),
        "supply_chain/look-alike": (
            "The name of a package looks like a much better known one.",
            "Install the well-known package if that was meant."
        ),
        "supply_chain/unknown-package": (
            "The package index does not hold this name: it is new, private or invented.",
            "Check the name's spelling; name private packages in internal_packages."
        ),
        "supply_chain/invented-import": (
            "A module is imported that no manifest asks for and no registered package is named after.",
            "Check that such a package exists before anybody installs one."
        ),
        "supply_chain/malicious-package": ("An advisory calls the package malicious.", "Take another package."),
        "supply_chain/known-vulnerability": (
            "An advisory names this version of the package.", "Take a version that the advisory calls fixed."
        ),
        "supply_chain/dependency-confusion": (
            "A name that is internal is taken from the public registry.",
            "Name the internal registry for it and reserve the name in public."
        ),
        "supply_chain/additional-index": (
            "Packages are asked for at a second registry beside the usual one.",
            "Use one registry that mirrors both, or bind names to registries."
        ),
        "supply_chain/too-new": (
            "The package has been registered for a short time.", "Wait, or read its source first."
        ),
        "supply_chain/rarely-used": ("Few use the package.", "Look at its source and its authors first."),
        "supply_chain/use-unknown": (
            "How much the package is used is unknown.", "Look at its source and its authors first."
        ),
        "supply_chain/unpinned-action": (
            "A workflow takes an action by a tag or branch, which its owner can move.",
            "Name the commit of forty digits, with the tag in a comment."
        ),
        "supply_chain/unpinned-image": (
            "An image is taken in whatever version is newest.", "Name a version, better with its digest."
        ),
        "supply_chain/unbounded-version": ("A package is taken in whatever version is newest.", "Name a version."),
        "supply_chain/archive-dependency": (
            "A package is a file on the network, which no registry vouches for.",
            "Take it from a registry, or demand its hash."
        ),
        "supply_chain/git-dependency": (
            "A package is whatever a repository holds at a branch or tag.", "Name a commit, or take it from a registry."
        ),
        "supply_chain/unencrypted-source": ("Packages come over a connection without encryption.", "Use https."),
        "supply_chain/integrity-removed": ("A package has no content hash any more.", "Restore the hash."),
        "supply_chain/integrity-changed": (
            "The same version of a package has another content hash than before.",
            "Restore the hash and find out who changed it."
        ),
        "supply_chain/source-changed": (
            "A package comes from another place than before.", "Check that the project's owner wants it."
        ),
        "supply_chain/index-changed": (
            "Packages come from another registry than before.", "Check that the project's owner wants it."
        ),
        "supply_chain/pin-removed": ("An action was fixed to a commit and is no more.", "Name a commit again."),
        "supply_chain/major-upgrade": (
            "A package moves across a breaking version.", "Read what changed and run the tests."
        ),
        "supply_chain/downgrade": (
            "A package goes back to an earlier version.", "Say why; fixes of later versions are lost."
        ),
        "supply_chain/new-install-script": (
            "A package runs code of its own when it is installed, which is new.", "Read its install script first."
        ),
        "supply_chain/lock-without-manifest": (
            "A lock file changed, but no manifest did.", "Say what was updated, or restore the file."
        ),
        "supply_chain/unread-dependencies": (
            "A part of a dependency file was not read.", "Check that the file is whole."
        ),
    ]
}
