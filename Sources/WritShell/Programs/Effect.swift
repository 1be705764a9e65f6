// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What a program does with its arguments, in terms that the evaluator turns into operations.
///
/// The program tables say, for arguments that may be partly unknown, which effects a run would have; the evaluator
/// knows directories, variables, pipes and file contents, and makes ``WritCore/Operation``s of them.
public enum Effect: Sendable, Hashable {
    /// A file named by a value; relative to the program's working directory.
    case read(Value)
    /// `-` and `/dev/stdout` are left out by the table.
    case write(Value, appends: Bool)
    case delete(Value, traits: Operation.Traits)
    /// Looks through names or contents below a directory.
    case search(Value)
    case mode(Value, traits: Operation.Traits)
    /// A network endpoint: URL, `host`, `host:port` or `user@host:path`; the method is for HTTP.
    case connect(Value, method: String, traits: Operation.Traits)
    case listen(Value)
    /// Data sent with the last ``connect(_:method:traits:)``: a file (`-d @file`, `-T file`).
    case upload(file: Value)
    /// Data sent that stands in an argument.
    case uploadText(Value)
    /// A credential in its place in the protocol of the connections: a header that logs in, a password option.
    case authenticate(Value)
    case package(Operation.Kind, ecosystem: String, name: Value, traits: Operation.Traits)
    /// The next program with its arguments (sudo, env, find -exec, docker run …), run with these extra variables.
    /// `takesInput`: it inherits standard input. `isRemote`: it runs elsewhere (ssh, docker exec, kubectl exec).
    case run([Value], environment: [String: Value], takesInput: Bool, isRemote: Bool)
    /// The next program with further arguments read from standard input (xargs, parallel).
    case runWithInputArguments([Value])
    /// Code in an argument.
    case code(Value, language: String)
    /// Code in a file.
    case codeFile(Value, language: String)
    /// Code on standard input.
    case codeInput(language: String)
    /// Runs what nobody here has read: a build file, a test suite, a package's script; named by what it is.
    case unread(String)
    /// Working directory of everything that follows in this program (`make -C`, `git -C`, `env -C`).
    case directory(Value)
    /// Any other operation, ready but for span and command.
    case operation(Operation)
    /// What the program writes to its standard output.
    case output(Output)

    /// Where a program's standard output comes from.
    public enum Output: Sendable, Hashable {
        /// Its standard input, or the files it reads when there are any (cat, grep, sort, head).
        case passesInput
        /// Its input, decoded (base64 -d, gunzip, openssl enc -d).
        case decodes
        /// The network.
        case network
        /// Secrets of the machine or the session (printenv, security find-generic-password).
        case secret
        /// Nothing of interest.
        case plain
        /// Exactly this text.
        case known(Value)
    }
}
