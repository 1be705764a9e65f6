// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

/// Lines as code and configuration have them; values are generated, so that none stands here.
@Suite struct AssignmentReaderTests {
    static let credentials = [
        #"db_password = "{6:lower}{3:digit}!""#,
        #"const pw = "{6:lower}{2:digit}x";"#,
        #"  "password" : "{6:lower}{4:digit}","#,
        #"    private static final String PASSWORD = "t0p{6:alnum}";"#,
        #"define('DB_PASSWORD', '{3:lower}9#m{4:alnum}');"#,
        #"conn = connect(host="db", user="app", password="{8:alnum}7")"#,
        "spring.datasource.password={8:alnum}01",
        "ENV MYSQL_ROOT_PASSWORD={9:alnum}4",
        "MYSQL_PASSWORD: w8{8:loweralnum}",
        #"<add key="ApiSecret" value="{16:alnum}"/>"#,
        #"<property name="hibernate.connection.password">z8{8:alnum}</property>"#,
        #"client.setPassword("{7:alnum}3Q");"#,
        #"apiKey: "d4{14:hex}""#,
        "SECRET_KEY = 'django-insecure-{48:alnum}'",
        #"auth_token: str = "{16:alnum}""#,
        #"os.environ['API_TOKEN'] = '{16:alnum}'"#,
        "--password=Zk2{6:alnum}",
        #"if (password == "Adm1{4:alnum}@s") {"#,
        #"token = os.getenv("TOKEN") or "{24:alnum}""#,
        #"{\"api_secret\": \"{24:alnum}\"}"#,
        #"password = "hunter7""#, #"PASSWORD=bqzx{4:digit}vk"#, #"password: qzvbxk"#,
        #"variable "db_password" {\n  default = "{12:alnum}"\n}"#,
        #""adminPassword": {"value": "{12:alnum}"}"#,
        #"#define WIFI_PASSWORD "{6:alnum}!9q""#, #"static const char PASSWORD[] = "{9:alnum}7";"#,
        #"  storePassword "{12:alnum}""#, "ALTER USER a WITH PASSWORD '{12:alnum}';",
        #"find_element("password").send_keys("{10:alnum}")"#, "//registry.acme.dev/:_authToken={24:alnum}",
        "user: root, pass: Zk!{6:alnum}9", "# old password: q8#{6:alnum}",
    ]

    static let others = [
        #"password = getpass.getpass("Enter password: ")"#, #"password: "Password""#, #""password": "string""#,
        #""passwordLabel": "Enter your password","#, "password = request.form['password']",
        #"password = config.get("db_password")"#, "password: String,",
        #"def login(username: str, password: str = "") -> bool:"#,
        "const token = await getToken();", "token = tokens[i + 1]", #"key = "user_settings_v2""#,
        "apiKey: process.env.API_KEY,",
        "api_key = settings.API_KEY", #"secret = base64.b64decode(data["secret"])"#, "SECRET_NAME: my-app-secret-v1",
        "token: ${{ secrets.GITHUB_TOKEN }}", "password: {{ .Values.postgres.password }}",
        "PASSWORD_RESET_TIMEOUT = 3600",
        #"token_type = "bearer""#, #""token": "<your token>","#, "api_key: YOUR_API_KEY_HERE", "key: 'ArrowLeft',",
        #""key": "com.apple.keylayout.US","#, "secretKeyRef: {name: db-credentials-v2, key: password}",
        "password_hash = hash_password(password)", "this.password = password;",
        "String token = UUID.randomUUID().toString();", #"TOKEN_REGEX = "^[A-Za-z0-9]{32}$""#,
        #"sha256_key = "{64:hex}""#,
        ##"passwordInput: "#password-input-2""##, #""i18n.password.error": "Password must be 8+ characters","#,
        #"key_id = "projects/acme/locations/eu/keyRings/r1/cryptoKeys/k1""#,
        #"<input type="password" name="password" id="password1">"#, "password VARCHAR(255) NOT NULL",
        "image: acme/token-service:1.2.3", "max_tokens=4096", #"tokenizer = "gpt2-medium-v2""#,
        "API_TOKEN: ${API_TOKEN:-default}",
        #"    "AWS::ApiGateway::ApiKey": "{16:hex}","#, #""integrity": "sha512-{86:base64}==","#,
        #"csrf_token = "{40:alnum}""#,
        #"'password' => 'required|string|min:8|confirmed',"#, "password: !vault |", "run --ask-vault-pass -vvvv x",
        #"KRB5_PASSWORD_ENV = 'KRB5_PASSWORD'"#, #"password = "new_password""#, "pwd: '/var/www/html'",
        #"hashed_password = "{64:hex}""#, #""ClientToken": "{8:hex}-{4:hex}-{4:hex}-{4:hex}-{12:hex}""#,
        #""StartingHashKey": "{39:digit}""#,
        #"eq "$x-amz-credential", "{20:alnum}/20210320/us-east-1/s3/aws4_request""#,
        "user: root, pass: passwordVariable",
        #"signing_key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{83:base64}=""#, #"siteKey: "6L{38:alnum}""#,
        #"checksum = "{64:hex}""#, #"proxy = "socks5://<username>:<password>@proxy-host""#,
    ]

    @Test func `assignments of credentials are found, other assignments are not`() throws {
        let context = ScanContext(key: .random())
        for (lines, expected) in [(Self.credentials, true), (Self.others, false)] {
            for line in lines {
                let findings = try sharedDetector.findings(in: ScanRequest(text: ExampleText.expand(line)), context)
                #expect(findings.isEmpty != expected, "\(line): \(findings.map(\.rule))")
            }
        }
    }

    @Test func `text made of nothing but keywords ends in a stated limit`() throws {
        let detector = try SecretDetector(rules: .builtIn())
        let text = Array(repeating: "curl datadog \"kty\" ", count: 30_000).joined()
        let findings = try detector.findings(in: ScanRequest(text), ScanContext(key: .random()))
        #expect(findings.map(\.rule) == ["scan-limit"])
    }
}
