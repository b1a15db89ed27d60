"""Certificates for tests, made by the openssl command: an authority, and what it vouches for."""

import subprocess


def _openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    def __init__(self, directory, name):
        self.directory = directory
        self.name = name
        self.cert, self.key = directory / f"{name}.crt", directory / f"{name}.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 30, "-subj", f"/CN={name}",
                 "-keyout", self.key, "-out", self.cert)

    def issue(self, name, alternatives="IP:127.0.0.1", days=30):
        """(certificate, key) of NAME, which also stands for ALTERNATIVES."""
        cert, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", cert)
        return cert, key

    def issue_expired(self, name, key):
        """A certificate of NAME for that key, which was good in January 2020."""
        folder = self.directory / f"{name}.expired"
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(f"[ca]\ndefault_ca = one\n[one]\nnew_certs_dir = {folder}\ndatabase = {folder}/index.txt\nrand_serial = yes\ndefault_md = sha256\n"
                                       "policy = any\n[any]\ncommonName = supplied\n")
        _openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", folder / "request")
        _openssl("ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-cert", self.cert, "-keyfile", self.key, "-in", folder / "request",
                 "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out", folder / "cert")
        return folder / "cert"
