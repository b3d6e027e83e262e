"""Content credentials: signed by a chain that is made here, read back by C2PA's own library."""

import datetime
import http.server
import importlib.util
import shutil
import subprocess
import threading

import c2pa
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import oid
from PIL import Image
from test_folder import gray_file

import tfcolor
from tfcolor import images
from tfcolor.cli import main
from tfcolor.images import credentials, provenance
from tfcolor.runtimes import bundled
from tfcolor.support import disk

SUFFIXES = (".jpg", ".png", ".webp", ".tif", ".gif")
# RFC 5280, 4.2.1.3: all bits of the key's usage, of which a certificate here has one.
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


MAIL, TIME = oid.ExtendedKeyUsageOID.EMAIL_PROTECTION, oid.ExtendedKeyUsageOID.TIME_STAMPING


def certificate(name, key, issuer, issuer_key, usage, days=9, purpose=MAIL):
    """A certificate of a key, as an issuer signs it."""
    names = [x509.Name.from_rfc4514_string(f"CN={each},O=Tests") for each in (name, issuer)]
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(99))
        .not_valid_after(now + datetime.timedelta(days))
        .add_extension(x509.BasicConstraints(usage == "key_cert_sign", None), True)
        .add_extension(x509.KeyUsage(**{each: each == usage for each in USAGES}), True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if usage == "digital_signature":
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), purpose == TIME)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(path, key, days=9, purpose=MAIL):
    """A file with a chain of two certificates and a key."""
    root = ec.generate_private_key(ec.SECP256R1())
    chain = [
        certificate("An Archive", key, "Root", root, "digital_signature", days, purpose),
        certificate("Root", root, "Root", root, "key_cert_sign"),
    ]
    form = serialization.Encoding.PEM
    private = serialization.PrivateFormat.TraditionalOpenSSL
    if isinstance(key, ed25519.Ed25519PrivateKey):
        private = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(form, private, serialization.NoEncryption())
    path.write_bytes(b"".join(each.public_bytes(form) for each in chain) + secret)
    return path


@pytest.fixture(scope="module")
def signer_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signer")
    return pem(folder / "me.pem", ec.generate_private_key(ec.SECP256R1()))


def run(*arguments):
    done = CliRunner().invoke(main.cli, ["colorize", *map(str, arguments), "--size", "32"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def credentials_of(path):
    """The newest manifest of a file, the state of its validation, and the codes that it has."""
    with c2pa.Reader(str(path)) as reader:
        results = reader.get_validation_results()["activeManifest"]
        codes = {each["code"] for kind in results.values() for each in kind}
        return reader.get_active_manifest(), reader.get_validation_state(), codes


def test_a_result_says_signed_how_it_was_made(tmp_path, signer_file):
    gray_file(tmp_path / "old.png")
    assert run(tmp_path / "old.png", "--sign", signer_file) == (0, f"{tmp_path}/old-color.png\n")
    made, state, codes = credentials_of(tmp_path / "old-color.png")
    # Nobody trusts the root that was made here, but the file is what was signed.
    assert state == "Valid"
    assert {"claimSignature.validated", "assertion.dataHash.match"} <= codes
    assert "signingCredential.untrusted" in codes
    assert made["signature_info"]["common_name"] == "An Archive"
    (tool,) = made["claim_generator_info"]
    assert (tool["name"], tool["version"]) == ("tfcolor", tfcolor.__version__)
    (parent,) = made["ingredients"]
    assert (parent["relationship"], parent["title"]) == ("parentOf", "old.png")
    (assertion,) = made["assertions"]
    opened, colored = assertion["data"]["actions"]
    assert (opened["action"], colored["action"]) == ("c2pa.opened", "c2pa.adjustedColor")
    assert colored["digitalSourceType"] == provenance.SOURCE_TYPE
    with open(tmp_path / "old.png", "rb") as source, open(bundled.PATH, "rb") as model:
        assert colored["parameters"] == {
            "tfcolor.model": "bundled",
            "tfcolor.model_sha256": disk.sha256(model),
            "tfcolor.source_sha256": disk.sha256(source),
        }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_only_the_credentials_are_added(tmp_path, signer_file, suffix):
    exif = Image.Exif()
    exif[0x010F] = "Zeiss"
    gray_file(tmp_path / "in" / f"a{suffix}", exif=exif, dpi=(300, 300))
    for out, options in (("plain", []), ("signed", ["--sign", signer_file])):
        assert run(tmp_path / "in", "-o", tmp_path / out, *options)[0] == 0
    plain, signed = (images.read(tmp_path / out / f"a{suffix}") for out in ("plain", "signed"))
    np.testing.assert_array_equal(signed.pixels, plain.pixels)
    assert (signed.exif, signed.xmp, signed.dpi) == (plain.exif, plain.xmp, plain.dpi)
    _, state, codes = credentials_of(tmp_path / "signed" / f"a{suffix}")
    assert state == "Valid" and "assertion.dataHash.match" in codes
    assert [path.name for path in (tmp_path / "signed").iterdir()] == [f"a{suffix}"]
    times = [(tmp_path / each / f"a{suffix}").stat().st_mtime_ns for each in ("in", "signed")]
    assert times[0] == times[1]


def test_16_bits_and_alpha_stay(tmp_path, signer_file):
    pixels = colorful_photo(1).astype(np.uint16) * 257
    alpha = np.full(pixels.shape[:2], 40000, np.uint16)
    gray_file(tmp_path / "a.png")
    signer = credentials.Signer(signer_file, "bundled", None)
    path = tmp_path / "deep.png"
    images.write(
        path,
        images.Photograph(pixels, alpha),
        sign=lambda file, format: signer.sign(file, format, tmp_path / "a.png"),
    )
    read = images.read(path)
    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(read.alpha, alpha)
    assert credentials_of(path)[1] == "Valid"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("/home/me/models/mine.tflite", "mine.tflite"),
        ("/home/me/saved_models/mine/2", "mine/2"),
        ("grpc://host.example:8500/mine", "mine"),
    ],
)
def test_nothing_is_told_of_where_the_model_is(tmp_path, signer_file, model, told):
    gray_file(tmp_path / "a.png")
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    credentials.Signer(signer_file, model, None).sign(tmp_path / "b.png", "PNG", tmp_path / "a.png")
    colored = credentials_of(tmp_path / "b.png")[0]["assertions"][0]["data"]["actions"][1]
    assert colored["parameters"]["tfcolor.model"] == told
    assert b"/home" not in (tmp_path / "b.png").read_bytes()


def test_another_pixel_makes_them_invalid(tmp_path, signer_file):
    gray_file(tmp_path / "old.tif")
    run(tmp_path / "old.tif", "--sign", signer_file)
    path = tmp_path / "old-color.tif"
    content = bytearray(path.read_bytes())
    with Image.open(path) as image:
        content[image.tag_v2[273][0]] ^= 1  # the first byte of the first strip
    path.write_bytes(content)
    _, state, codes = credentials_of(path)
    assert state == "Invalid" and "assertion.dataHash.mismatch" in codes


def test_signed_results_are_passed_over_and_a_rerun_leaves_them(tmp_path, signer_file):
    gray_file(tmp_path / "in" / "a.jpg")
    run(tmp_path / "in", "-o", tmp_path / "out", "--sign", signer_file)
    content = (tmp_path / "out" / "a.jpg").read_bytes()
    again = run(tmp_path / "in", "-o", tmp_path / "out", "--sign", signer_file)
    assert again[0] == 0 and "already exists" in again[1]
    assert (tmp_path / "out" / "a.jpg").read_bytes() == content
    assert "colorized already" in run(tmp_path / "out", "-o", tmp_path / "again")[1]


def test_the_credentials_of_the_photograph_are_kept(tmp_path, signer_file):
    gray_file(tmp_path / "a.jpg")
    run(tmp_path / "a.jpg", "--sign", signer_file)
    run(tmp_path / "a-color.jpg", "-o", tmp_path / "b.png", "--sign", signer_file, "--recolor")
    with c2pa.Reader(str(tmp_path / "b.png")) as reader:
        (parent,) = reader.get_active_manifest()["ingredients"]
        before = reader.get_manifest(parent["active_manifest"])
    assert before["ingredients"][0]["title"] == "a.jpg"


@pytest.mark.parametrize("suffix", [".bmp", ".jp2", ".avif"])
def test_photographs_of_formats_without_credentials_are_parents(tmp_path, signer_file, suffix):
    gray_file(tmp_path / f"a{suffix}")
    assert run(tmp_path / f"a{suffix}", "-o", tmp_path / "a.png", "--sign", signer_file)[0] == 0
    assert credentials_of(tmp_path / "a.png")[0]["ingredients"][0]["title"] == f"a{suffix}"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "p384", "p521", "ed25519"],
)
def test_the_key_decides_the_algorithm(tmp_path, key):
    gray_file(tmp_path / "a.png")
    assert run(tmp_path / "a.png", "--sign", pem(tmp_path / "me.pem", key))[0] == 0
    assert credentials_of(tmp_path / "a-color.png")[1] == "Valid"


def test_a_key_is_in_no_record(tmp_path, signer_file):
    gray_file(tmp_path / "a.png")
    run(tmp_path / "a.png", "--sign", signer_file, "--manifest", tmp_path / "made.jsonl")
    text = (tmp_path / "made.jsonl").read_text()
    assert "An Archive" in text and "KEY" not in text and "KEY" not in str(signer_file)


def refused(tmp_path, *arguments):
    """What is said to a command that must end at once."""
    code, output = run(*arguments)
    assert code == 2 and output.count("\n") == 1
    assert not list(tmp_path.rglob("*-color*"))
    return output


def test_a_format_that_holds_none_is_refused_before_anything_is_made(tmp_path, signer_file):
    for name in ("a.png", "b.bmp"):
        gray_file(tmp_path / "in" / name)
    said = refused(tmp_path, tmp_path / "in", "--sign", signer_file)
    assert "b-color.bmp cannot be signed; leave out --sign, or give an output that ends" in said
    assert "need files; give no -" in refused(tmp_path, "-", "--sign", signer_file)


def test_certificates_that_cannot_sign_are_refused(tmp_path):
    gray_file(tmp_path / "a.png")
    path = tmp_path / "me.pem"
    key = ec.generate_private_key(ec.SECP256R1())

    path.write_text("nothing")
    said = refused(tmp_path, tmp_path / "a.png", "--sign", path)
    assert f"{path} must hold certificates and a private key without a passphrase" in said

    said = refused(tmp_path, tmp_path / "a.png", "--sign", pem(path, key, days=-1))
    assert f"{path} is not fit for C2PA; give another certificate (" in said

    other = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    path.write_bytes(pem(path, key).read_bytes().split(b"-----BEGIN EC")[0] + other)
    assert "without a passphrase" in refused(tmp_path, tmp_path / "a.png", "--sign", path)


def test_a_photograph_that_c2pa_cannot_read_fails_alone(tmp_path, signer_file):
    gray_file(tmp_path / "in" / "a.png")
    gray_file(tmp_path / "in" / "b.png")
    content = (tmp_path / "in" / "b.png").read_bytes()
    (tmp_path / "in" / "b.png").write_bytes(content[:-12])  # without its end
    code, output = run(tmp_path / "in", "-o", tmp_path / "out", "--sign", signer_file)
    assert code == 1 and "b.png cannot be signed; repair it or leave out --sign" in output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "failures.csv"]


@pytest.fixture
def time_server(tmp_path):
    """The address of a server that stamps the time (RFC 3161), by OpenSSL's command."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    folder = tmp_path / "clock"
    folder.mkdir()
    clock = pem(folder / "clock.pem", ec.generate_private_key(ec.SECP256R1()), purpose=TIME)
    (folder / "serial").write_text("01")
    (folder / "clock.cnf").write_text(
        f"[tsa]\ndefault_tsa = it\n[it]\nserial = {folder}/serial\nsigner_cert = {clock}\n"
        f"certs = {clock}\nsigner_key = {clock}\nsigner_digest = sha256\ndefault_policy = 1.2.3\n"
        "digests = sha256, sha384, sha512\n"
    )

    class Clock(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = ["openssl", "ts", "-reply", "-config", "clock.cnf", "-queryfile", "query"]
            answer = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Clock) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_confirms_the_time(tmp_path, signer_file, time_server):
    gray_file(tmp_path / "a.png")
    stamped = [tmp_path / "a.png", "--sign", signer_file, "--timestamp"]
    assert run(*stamped, time_server)[0] == 0
    made, state, codes = credentials_of(tmp_path / "a-color.png")
    assert state == "Valid" and "timeStamp.validated" in codes
    now = datetime.datetime.now(datetime.timezone.utc)
    age = now - datetime.datetime.fromisoformat(made["signature_info"]["time"])
    assert abs(age.total_seconds()) < 600


def test_a_server_that_does_not_answer_is_named_before_anything_is_made(tmp_path, signer_file):
    gray_file(tmp_path / "a.png")
    nowhere = "http://127.0.0.1:9"
    said = refused(tmp_path, tmp_path / "a.png", "--sign", signer_file, "--timestamp", nowhere)
    assert f"{nowhere} gives no time stamp; give another server" in said
    assert "--timestamp needs --sign" in run(tmp_path / "a.png", "--timestamp", nowhere)[1]


def test_a_missing_package_is_named(tmp_path, signer_file, monkeypatch):
    gray_file(tmp_path / "a.png")
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "c2pa" else find_spec(name)
    )
    assert "pip install 'tfcolor[c2pa]'" in refused(
        tmp_path, tmp_path / "a.png", "--sign", signer_file
    )
